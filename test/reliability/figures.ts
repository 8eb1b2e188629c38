/** Figures for docs/reliability.md: written where `npm run reliability` asks for them, else dropped. */
import { appendFileSync } from 'node:fs';

/** `npm test` takes a part of the long tests; with APIKEEPER_RUNS set, all of them run, and each property so many times. */
export const thorough = process.env.APIKEEPER_RUNS !== undefined;
export const propertyRuns = Number(process.env.APIKEEPER_RUNS ?? 1000);

/** Figures of one name are added up. */
export function figure(name: string, count: number): void {
  const file = process.env.APIKEEPER_FIGURES;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ name, count })}\n`);
}
