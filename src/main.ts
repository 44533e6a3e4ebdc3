import { enableCompileCache } from 'node:module';

// Before anything else is loaded: the compiled code of an earlier start is used again, where there is a directory
// for temporary files to keep it in (NODE_COMPILE_CACHE names another).
enableCompileCache();
await import('./start.js');
