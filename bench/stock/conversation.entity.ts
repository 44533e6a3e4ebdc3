import { Exclude } from 'class-transformer';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Authorship } from './authorship.js';

@Entity('conversation')
export class Conversation extends Authorship {
  @PrimaryColumn('varchar') id: string;
  @Column('varchar') topic: string;
  @Column('varchar') status: string;
  @Column({ type: 'varchar', nullable: true }) agent_id: string | null;
  @Column({ type: 'varchar', nullable: true }) agent_mode: string | null;
  @Column({ type: 'varchar', nullable: true }) agent_type: string | null;
  @Column({ type: 'varchar', nullable: true }) assignment_id: string | null;
  @Column({ type: 'varchar', nullable: true }) user_id: string | null;
  @PrimaryColumn('varchar') tenant_id: string;
  @Column({ type: 'varchar', nullable: true }) tenant_unit_id: string | null;
  @Column({ type: 'varchar', nullable: true }) invoke_from: string | null;
  @Column('simple-json') inputs: object;
  @Column('simple-json') extend_properties: object;
  @Column('int') message_count: number;
  @Exclude() @Column('int') version: number;
}
