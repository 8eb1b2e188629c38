/** `npm run docs`: writes the reference pages. */
import { writeFileSync } from 'node:fs';
import { referencePages } from './reference.ts';

for (const [path, text] of await referencePages()) writeFileSync(path, text);
