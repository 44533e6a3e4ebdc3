import type { QueryRunner } from 'typeorm';

/** What each kind of column is on an engine, for the migrations. */
export interface ColumnTypes {
  readonly id: string;
  /** An id that others make. */
  readonly externalId: string;
  readonly text: (length: number) => string;
  readonly longText: string;
  readonly bytes: string;
  readonly time: string;
  readonly count: string;
  readonly flag: string;
  readonly tableOptions: string;
  /** Whether indexes are named inside of CREATE TABLE; otherwise they follow it. */
  readonly indexesInTable: boolean;
}

const SQLITE: ColumnTypes = {
  id: 'varchar(64)',
  externalId: 'varchar(255)',
  text: (length) => `varchar(${length})`,
  longText: 'text',
  bytes: 'blob',
  time: 'datetime',
  count: 'bigint',
  flag: 'tinyint',
  tableOptions: '',
  indexesInTable: false,
};

/** Collations that compare byte for byte and count trailing spaces; the two servers name them differently. */
const mysqlTypes = (collation: string): ColumnTypes => ({
  id: 'varchar(64) CHARACTER SET ascii COLLATE ascii_bin',
  externalId: 'varchar(255) CHARACTER SET ascii COLLATE ascii_bin',
  text: (length) => `varchar(${length})`,
  longText: 'mediumtext',
  bytes: 'mediumblob',
  time: 'datetime(3)',
  count: 'bigint',
  flag: 'tinyint',
  tableOptions: ` ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE ${collation}`,
  indexesInTable: true,
});

export function columnTypesOf({ dataSource }: QueryRunner): ColumnTypes {
  switch (dataSource.options.type) {
    case 'better-sqlite3':
      return SQLITE;
    case 'mariadb':
      return mysqlTypes('utf8mb4_nopad_bin');
    default:
      return mysqlTypes('utf8mb4_0900_bin');
  }
}
