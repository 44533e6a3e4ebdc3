import { QueryFailedError } from 'typeorm';

const MAX_CAUSES = 5;

/**
 * What of an error may stand in the log. What a database driver says can quote values of rows, so of its errors
 * only the codes, the statement with its `?` and the stack frames are kept.
 */
export function errorForLog(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const driver: unknown = error instanceof QueryFailedError ? error.driverError : error;
  const isDriverError = error instanceof QueryFailedError || 'sql' in error || 'sqlState' in error;
  return {
    type: error.name,
    ...(!isDriverError && { message: error.message }),
    ...fieldOf(driver, 'code'),
    ...fieldOf(driver, 'errno'),
    ...(error instanceof QueryFailedError && { query: error.query }),
    stack: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .join('\n'),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: errorForLog(error.cause, depth + 1) }),
  };
}

function fieldOf(error: unknown, field: 'code' | 'errno'): Record<string, unknown> {
  if (typeof error !== 'object' || error === null) return {};
  const value: unknown = Object.getOwnPropertyDescriptor(error, field)?.value;
  return value === undefined ? {} : { [field]: value };
}
