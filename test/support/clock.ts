import { jest } from '@jest/globals';

/** From now on it is the same time, here and in the app, until the clock is set. Timers go on. */
export function stopClock(time: number): void {
  jest.useFakeTimers({
    now: time,
    doNotFake: [
      'clearImmediate',
      'clearInterval',
      'clearTimeout',
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'setInterval',
      'setTimeout',
    ],
  });
}

export function setClock(time: number): void {
  jest.setSystemTime(time);
}

export function startClock(): void {
  jest.useRealTimers();
}
