export { NonRetryableError } from './workflows.js';
