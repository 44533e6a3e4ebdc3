import { jsonDepth } from '../../common/json/exact-json.js';
import { LineFailed } from './import-errors.js';
import { limits } from './limits.js';

/** Refuses an object that the service would not keep. */
export function checkObject(object: Record<string, unknown>, name: string): void {
  if (jsonDepth(object, limits.objectDepth) > limits.objectDepth) {
    throw new LineFailed(`${name} is nested more than ${limits.objectDepth} deep`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(object));
  if (bytes > limits.objectBytes) {
    throw new LineFailed(`${name} is ${bytes} bytes of JSON, more than ${limits.objectBytes}`);
  }
}

/** Refuses text that the service would not keep character for character. */
export function checkText(text: string, name: string): void {
  if (text.includes('\0')) throw new LineFailed(`${name} contains a NUL character`);
  if (!text.isWellFormed()) throw new LineFailed(`${name} contains half a surrogate pair`);
}
