// The Worker under test, for the command `wspair`.
import { listenToDriver } from './speak.mjs';

listenToDriver();
export { default } from './worker.mjs';
