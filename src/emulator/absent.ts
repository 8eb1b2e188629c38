/** The service leaves empty texts out of its answers [LS 2025-07-17]. */
export const given = (text: string | undefined): string | undefined =>
  text === '' ? undefined : text;

export const orAbsent = <T extends object>(value: T | undefined): T | undefined =>
  value && Object.keys(value).length > 0 ? value : undefined;
