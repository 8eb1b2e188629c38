/** Stage variables that carry no setting. */

const DEPLOYMENT_WORD =
  /^(re)?deploy(s|ed|ment|ments)?(at|on|by|time|timestamp|date|id|hash|sha|version|trigger|number|md5|checksum)?$/;
const MARK_WORD =
  /^(timestamp|(re)?build(at|time|id)?|(source|file|content|body|api|swagger|openapi)?(hash|sha1?|sha256|md5|checksum)|triggers?|cachebust(er)?|nonce)$/;
const MARK_VALUE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d.*|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i;

/**
 * Whether a stage variable seems to be there only so that each change makes a deployment: named after a deployment or a checksum, or with a time or
 * a checksum as its value. `value` is undefined where it isn't known.
 */
export function isRedeployTrick(name: string, value: string | undefined): boolean {
  const word = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return (
    DEPLOYMENT_WORD.test(word) ||
    MARK_WORD.test(word) ||
    (value !== undefined && MARK_VALUE.test(value))
  );
}
