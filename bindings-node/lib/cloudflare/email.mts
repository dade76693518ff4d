export { EmailMessage } from './email.js';
