// Serves the rooms on this package: node durable-server.mjs FOLDER
import '../dist/register-globals.js';
import { serve } from '../dist/index.mjs';

const { url } = await serve(await import('./durable-worker.mjs'), { port: 0, durableObjects: { ROOM: 'Room' }, state: process.argv[2] });
console.log(url);
