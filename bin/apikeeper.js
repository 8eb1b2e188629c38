#!/usr/bin/env node
// Plain, old syntax: an older Node must be able to read this file to its end.
var major = parseInt(process.versions.node, 10);
if (major < 24) {
  process.stderr.write(
    `apikeeper needs Node.js 24 or newer; this is ${process.version}: https://nodejs.org/en/download\n`,
  );
  process.exit(1);
} else {
  import('../dist/cli.js').then(
    function start(cli) {
      return cli.main();
    },
    function complain(error) {
      if (error.code !== 'ERR_MODULE_NOT_FOUND' || !/dist\/cli\.js$/.test(error.url)) throw error;
      process.stderr.write(
        'apikeeper is not built here: npm run build, or, from the source: npm run --silent apikeeper -- <command> [directory] [flags]\n',
      );
      process.exitCode = 1;
    },
  );
}
