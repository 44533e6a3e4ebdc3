/** A line of the report. */
export interface Row {
  what: string;
  figure: string;
  /** What it is to be at most or at least, and whether it is. */
  wanted?: string;
}

export const wanted = (text: string, isMet: boolean): string => `${text}: ${isMet ? 'reached' : 'missed'}`;

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
