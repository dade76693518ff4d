export { connect } from './sockets.js';
