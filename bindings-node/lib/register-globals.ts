/** What `import 'wspair/register'` does. */

import { register } from './register';

register();
