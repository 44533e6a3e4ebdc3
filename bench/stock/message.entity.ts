import { Exclude } from 'class-transformer';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Authorship } from './authorship.js';

@Entity('message')
export class Message extends Authorship {
  @Column('varchar') id: string;
  @PrimaryColumn('varchar') conversation_id: string;
  @PrimaryColumn('int') sequence: number;
  @Column('varchar') message_from: string;
  @Column('text') content: string;
  @Column({ type: 'varchar', nullable: true }) run_id: string | null;
  @Column({ type: 'varchar', nullable: true }) agent_id: string | null;
  @Column({ type: 'varchar', nullable: true }) user_id: string | null;
  @Column({ type: 'datetime', precision: 3 }) requested_time: Date;
  @Column('int') input_tokens: number;
  @Column('int') answer_tokens: number;
  @Column('int') total_tokens: number;
  @Column({ type: 'varchar', nullable: true }) feedback: string | null;
  @Column('simple-json') metadata: object;
  @PrimaryColumn('varchar') tenant_id: string;
  @Column({ type: 'varchar', nullable: true }) tenant_unit_id: string | null;
  @Exclude() @Column('int') version: number;
}
