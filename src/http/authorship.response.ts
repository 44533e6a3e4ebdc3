import { ApiProperty } from '@nestjs/swagger';
import { Resource } from './resource.js';

interface Authorship {
  createdTime: string;
  updatedTime: string;
  createdBy: string | null;
  createdByName: string | null;
  createdByRole: string | null;
  updatedBy: string | null;
  updatedByName: string | null;
  updatedByRole: string | null;
  version: number;
}

const TIME = { type: String, format: 'date-time', example: '2026-01-31T08:00:00.000Z' } as const;
const AUTHOR = { type: String, nullable: true } as const;

/** When a thing was made and last changed, and by whom: the fields that conversations and messages share. */
export abstract class AuthorshipResponse extends Resource {
  @ApiProperty({ ...TIME, description: 'When it was created.' })
  created_time: string;

  @ApiProperty({
    ...TIME,
    description: 'When it was last changed; of a conversation also the time of its last message.',
  })
  updated_time: string;

  @ApiProperty({
    ...AUTHOR,
    example: 'ada',
    description: 'Id of who created it: the `sub` of the token, or the id of the API key.',
  })
  created_by: string | null;

  @ApiProperty({ ...AUTHOR, example: 'Ada Lovelace', description: 'Name of who created it.' })
  created_by_name: string | null;

  @ApiProperty({ ...AUTHOR, example: 'operator', description: 'Role of who created it.' })
  created_by_role: string | null;

  @ApiProperty({ ...AUTHOR, example: 'ada', description: 'Id of who changed it last.' })
  updated_by: string | null;

  @ApiProperty({ ...AUTHOR, example: 'Ada Lovelace', description: 'Name of who changed it last.' })
  updated_by_name: string | null;

  @ApiProperty({ ...AUTHOR, example: 'operator', description: 'Role of who changed it last.' })
  updated_by_role: string | null;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    example: 1,
    description: 'Grows with every change of what is answered here.',
  })
  version: number;

  /** Called last, so that a thing's own fields stand before these in its JSON. */
  protected setAuthorship(authorship: Authorship): void {
    this.version = authorship.version;
    this.created_time = authorship.createdTime;
    this.updated_time = authorship.updatedTime;
    this.created_by = authorship.createdBy;
    this.created_by_name = authorship.createdByName;
    this.created_by_role = authorship.createdByRole;
    this.updated_by = authorship.updatedBy;
    this.updated_by_name = authorship.updatedByName;
    this.updated_by_role = authorship.updatedByRole;
  }
}
