import { DefaultNamingStrategy } from 'typeorm';

/** camelCase properties are snake_case columns. */
export class SnakeCaseNaming extends DefaultNamingStrategy {
  override columnName(property: string, customName: string): string {
    return customName || property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}
