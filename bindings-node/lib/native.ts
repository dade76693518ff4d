/** The native half, for who measures it. */

export { native } from './engine/native';
