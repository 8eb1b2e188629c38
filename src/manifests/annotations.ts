import { compact } from '../core/model/compact.ts';
import type { Annotations, Mode } from '../core/model/model.ts';

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
    movedFrom: movedFrom === undefined ? [] : [parseIdentity(movedFrom, namespace)],
  });
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
