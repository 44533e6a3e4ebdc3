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

  // What the documentation of each of them lists as passing, or as a matter of this server.
  it.each([
    ['conflict', 'MySQL and MariaDB', [1020, 1205, 1213, 1412, 1689]],
    ['lost', 'MySQL and MariaDB', [1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031]],
    ['full', 'MySQL and MariaDB', [1040, 1203, 1226]],
    ['readOnly', 'MySQL and MariaDB', [1036, 1290, 1792, 1836, 1874]],
    ['unable', 'MySQL and MariaDB', [1021, 1030, 1114, 1153, 1206, 1317, 1969, 3024]],
    ['unable', 'accounts', [1044, 1045, 1049, 1130, 1142, 1227, 1698, 1820, 3118, 3159, 3955, 4151]],
    ['lost', 'Galera', [1047, 1180]],
    ['conflict', 'Galera and Group Replication', [1213, 3101]],
    ['lost', 'Group Replication', [3032, 3100, 3168, 3169, 3781, 3782, 3783, 3797, 3798]],
    ['full', 'Vitess', [1203]],
    ['lost', 'Vitess', [3168]],
    ['unable', 'Vitess', [1153, 1317]],
    ['conflict', 'TiDB', [8002, 8005, 8022, 8027, 8028, 8055, 8147, 8229, 9006, 9007]],
    ['lost', 'TiDB', [8120, 9001, 9002, 9003, 9004, 9005, 9008]],
    ['unable', 'TiDB', [8001, 8004, 8025, 8252, 9500]],
    ['lost', 'Spider', [1429, 12701]],
    ['conflict', 'Spider', [1613, 1614]],
  ])('%s, of %s: %j', (kind, _server, numbers) => {
    expect(numbers.map((errno) => meaningOf(driverError({ errno }))?.kind)).toEqual(numbers.map(() => kind));
  });

  it.each([
    [1105, 'target: ks.0.primary: VT14002: no available connection', 'lost'],
    [
      1105,
      'target: ks.0.primary: primary is not serving, there may be a reparent operation in progress',
      'lost',
    ],
    [1105, 'target: ks.0.primary: tablet: cell:"zone" uid:101 is either down or nonexistent', 'lost'],
    [1105, 'VT15001: transaction was rolled back', 'conflict'],
    [1105, 'VT09032: the transaction has to be rolled back', 'conflict'],
    [1317, 'vttablet: rpc error: code = Aborted desc = transaction 1: ended at …', 'conflict'],
    [1105, 'Information schema is changed during the execution of the statement', 'conflict'],
  ])('%i with the text "%s" is %s', (errno, text, kind) => {
    expect(meaningOf(driverError({ errno }, text))).toMatchObject({ kind });
  });

  it('is nothing of the database for a fault of the service, whatever a client has sent', () => {
    expect(meaningOf(driverError({ errno: 1064 }))).toBeUndefined();
    // TiDB has found what it holds to be inconsistent.
    for (const errno of [8138, 8139, 8140, 8141, 8223])
      expect(meaningOf(driverError({ errno }))).toBeUndefined();
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
