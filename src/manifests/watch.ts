/**
 * Notices that a directory of manifests may have changed. Two watchers: one on every link of the path itself, since git-sync and ConfigMaps publish by
 * swapping a link, which no watcher below the link sees; one on the tree that it leads to, for edits in place. And, since neither is certain on every
 * file system, a slow look at where the path leads.
 */
import { lstat, readlink, realpath } from 'node:fs/promises';
import { isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { type FSWatcher, watch as watchPaths } from 'chokidar';

export interface WatchOptions {
  /** How often to look where the path leads, whatever the watchers say. Milliseconds, default 10 s. */
  readonly pollMs?: number;
  /** Told when a watcher fails, for want of inotify watches for instance: edits in place may then go unnoticed until the next pass. */
  readonly onError?: (error: unknown) => void;
}

/** What a path means right now: every link on the way, and the directory at its end where there is one. */
interface Route {
  readonly links: readonly string[];
  readonly root: string | undefined;
  /** What the links lead to: different when a link was swapped. */
  readonly target: string | undefined;
}

const MAX_LINKS = 40;
/** What a mounted ConfigMap's files are links into. */
const CONFIG_MAP_LINK = '..data';

/**
 * Calls `onChange` with a path whenever something may have changed, more often than it has, and never saying what: look again. Works before the
 * directory exists. Returns when everything is watched; disposing ends it.
 */
export async function watch(
  directory: string,
  onChange: (path: string) => void,
  options: WatchOptions = {},
): Promise<AsyncDisposable> {
  const onError = options.onError ?? (() => {});
  let route = await findRoute(directory);
  let watchers: readonly FSWatcher[] = [];
  let closed = false;
  let following: Promise<void> = Promise.resolve();

  const start = async () => {
    const links = watchLinks(route.links, onLink, onError);
    const tree = watchTree(route.root, onTree, onError);
    watchers = tree ? [links, tree] : [links];
    await Promise.all(watchers.map(ready));
  };
  const stop = () => Promise.all(watchers.map((watcher) => watcher.close()));

  /** Watches anew where the path leads elsewhere, until it leads where the watchers are. */
  const follow = async (path: string) => {
    for (
      let now = await findRoute(directory);
      !closed && !isSame(now, route);
      now = await findRoute(directory)
    ) {
      await stop();
      route = now;
      onChange(path);
      await start();
      // What was edited before the new watchers stood, they did not see.
      onChange(path);
    }
  };
  const followNext = (path: string) => {
    following = following.then(() => follow(path)).catch(onError);
  };
  function onLink(path: string): void {
    onChange(path);
    followNext(path);
  }

  function onTree(path: string): void {
    onChange(path);
    if (path === route.root) followNext(path);
  }

  await start();
  followNext(directory);
  await following;
  const poll = setInterval(() => followNext(directory), options.pollMs ?? 10_000);
  poll.unref();
  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      clearInterval(poll);
      await following;
      await stop();
    },
  };
}

function watchLinks(
  links: readonly string[],
  onLink: (path: string) => void,
  onError: (error: unknown) => void,
): FSWatcher {
  const watcher = watchPaths([...links], { followSymlinks: false, depth: 0, ignoreInitial: true });
  return watcher.on('all', (_event, path) => onLink(path)).on('error', onError);
}

function watchTree(
  root: string | undefined,
  onTree: (path: string) => void,
  onError: (error: unknown) => void,
): FSWatcher | undefined {
  if (root === undefined) return undefined;
  const ignored = (path: string) => isHidden(relative(root, path));
  return watchPaths(root, { followSymlinks: false, ignoreInitial: true, ignored })
    .on('all', (_event, path) => onTree(path))
    .on('error', onError);
}

/** What `load` does not read. */
function isHidden(path: string): boolean {
  return path
    .split(sep)
    .some(
      (name) => name.startsWith('.') && name !== CONFIG_MAP_LINK && name !== '.apikeeperignore',
    );
}

function ready(watcher: FSWatcher): Promise<void> {
  return new Promise((done) => watcher.once('ready', done).once('error', () => done()));
}

/** Follows a path component by component. */
async function findRoute(directory: string): Promise<Route> {
  const links: string[] = [];
  let at = parse(resolve(directory)).root;
  const rest = resolve(directory).split(sep).filter(Boolean);
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const path = join(at, name);
    const found = await lstat(path).catch(() => undefined);
    if (!found) return { links: [...links, path], root: undefined, target: undefined };
    if (!found.isSymbolicLink()) {
      at = path;
      continue;
    }
    links.push(path);
    const target = await readlink(path).catch(() => undefined);
    if (target === undefined || links.length > MAX_LINKS)
      return { links, root: undefined, target: undefined };
    rest.unshift(...target.split(sep).filter(Boolean));
    if (isAbsolute(target)) at = parse(at).root;
  }
  const data = join(at, CONFIG_MAP_LINK);
  return { links: [...links, data], root: at, target: await realpath(data).catch(() => at) };
}

function isSame(a: Route, b: Route): boolean {
  return a.root === b.root && a.target === b.target && a.links.join('\0') === b.links.join('\0');
}
