import { Column } from 'typeorm';
import type { Claims } from './auth.guard.js';

export abstract class Authorship {
  @Column({ type: 'datetime', precision: 3 }) created_time: Date;
  @Column({ type: 'datetime', precision: 3 }) updated_time: Date;
  @Column({ type: 'varchar', nullable: true }) created_by: string | null;
  @Column({ type: 'varchar', nullable: true }) created_by_name: string | null;
  @Column({ type: 'varchar', nullable: true }) created_by_role: string | null;
  @Column({ type: 'varchar', nullable: true }) updated_by: string | null;
  @Column({ type: 'varchar', nullable: true }) updated_by_name: string | null;
  @Column({ type: 'varchar', nullable: true }) updated_by_role: string | null;

  createdBy(claims: Claims, time: Date): void {
    this.created_time = time;
    this.created_by = claims.sub;
    this.created_by_name = claims.name;
    this.created_by_role = claims.role;
    this.changedBy(claims, time);
  }

  changedBy(claims: Claims, time: Date): void {
    this.updated_time = time;
    this.updated_by = claims.sub;
    this.updated_by_name = claims.name;
    this.updated_by_role = claims.role;
  }
}
