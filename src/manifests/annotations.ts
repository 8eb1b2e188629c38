import { compact } from '../core/model/compact.ts';
import type { AllowedLoss, Annotations, Mode } from '../core/model/model.ts';

/** What the `apikeeper.dev/…` annotations of a valid document say. Those of other tools are left alone. */
export function parseAnnotations(
  written: Readonly<Record<string, string>>,
  namespace: string,
): Annotations {
  const annotation = (name: string) => written[`apikeeper.dev/${name}`];
  const adopt = annotation('adopt');
  const mode = annotation('mode') as Mode | undefined;
  const movedFrom = annotation('moved-from');
  return compact({
    ...(adopt && { adopt }),
    adoptFrom: commaSeparated(annotation('adopt-from')),
    mode,
    ignore: commaSeparated(annotation('ignore')),
    allowLoss: parseAllowedLoss(annotation('allow-loss')),
    movedFrom: movedFrom === undefined ? [] : [parseIdentity(movedFrom, namespace)],
  });
}

/** `10 until 2026-12-02T12:00Z`, with or without seconds. */
function parseAllowedLoss(text: string | undefined): AllowedLoss | undefined {
  const [, keys, time = ''] = /^(\d+) until (\S+)$/.exec(text ?? '') ?? [];
  if (keys === undefined) return undefined;
  const until = Date.parse(time);
  // Date.parse takes the 30th of February for a day in March.
  const exists =
    !Number.isNaN(until) && new Date(until).toISOString().startsWith(time.slice(0, 16));
  return { keys: Number(keys), until: exists ? until : Number.NaN };
}

/** `[namespace/]name`. */
export function parseIdentity(
  text: string,
  namespace: string,
): { namespace: string; name: string } {
  const [name = '', own = namespace] = text.split('/').reverse();
  return { namespace: own, name };
}

function commaSeparated(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',').map((part) => part.trim());
}
