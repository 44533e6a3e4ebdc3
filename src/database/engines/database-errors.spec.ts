import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { isConflict, isDuplicate, meaningOf } from './database-errors.js';

const driverError = (fields: object, message = 'x'): QueryFailedError =>
  new QueryFailedError('SELECT ?', [], Object.assign(new Error(message), fields));

describe('what an error of the database means', () => {
  it.each([
    [{ errno: 1213 }, 'conflict', false],
    [{ errno: 1290 }, 'readOnly', false],
    [{ errno: 1226, fatal: true }, 'full', false],
    [{ errno: 1045, fatal: true }, 'unable', false],
    [{ errno: 1053 }, 'lost', true],
    [{ errno: 1047 }, 'lost', false],
    [{ errno: 1317 }, 'unable', true],
    [{ code: 'ECONNREFUSED' }, 'lost', false],
    [{ code: 'ETIMEDOUT', syscall: 'connect' }, 'lost', false],
    [{ code: 'ETIMEDOUT', syscall: 'read' }, 'lost', true],
    [{ fatal: true }, 'lost', true],
    [{ code: 'SQLITE_FULL' }, 'unable', false],
    [{ code: 'SQLITE_IOERR_FSYNC' }, 'unable', true],
    [{ code: 'SQLITE_BUSY_SNAPSHOT' }, 'conflict', false],
  ])('%j is %s, and may be done: %s', (fields, kind, mayBeDone) => {
    expect(meaningOf(driverError(fields))).toEqual({ kind, mayBeDone });
  });

  it.each([
    [1105, 'target: ks.0.primary: VT14002: no available connection', 'lost'],
    [
      1105,
      'target: ks.0.primary: primary is not serving, there may be a reparent operation in progress',
      'lost',
    ],
    [1317, 'vttablet: rpc error: code = Aborted desc = transaction 1: ended at …', 'conflict'],
    [1105, 'Information schema is changed during the execution of the statement', 'conflict'],
  ])('%i with the text "%s" is %s', (errno, text, kind) => {
    expect(meaningOf(driverError({ errno }, text))).toMatchObject({ kind });
  });

  it('is nothing of the database for a fault of the service, whatever a client has sent', () => {
    expect(meaningOf(driverError({ errno: 1064 }))).toBeUndefined();
    expect(meaningOf(driverError({ errno: 1105 }, 'something else'))).toBeUndefined();
    expect(meaningOf(new TypeError('x'))).toBeUndefined();
    const duplicate = driverError(
      { errno: 1062 },
      "Duplicate entry 'VT14002 no healthy tablet' for key 'PRIMARY'",
    );
    expect([meaningOf(duplicate), isDuplicate(duplicate), isConflict(duplicate)]).toEqual([
      undefined,
      true,
      false,
    ]);
  });
});
