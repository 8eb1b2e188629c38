import { raw } from 'hono/html';

/** The page's style sheet: a table that reads on a phone and in the dark. */
export const STYLE = raw(`
:root { color-scheme: light dark; --line: light-dark(#ddd, #444); --quiet: light-dark(#666, #aaa);
  --good: light-dark(#17692b, #6fd487); --warn: light-dark(#8a5a00, #f0c060); --held: light-dark(#7a2e8f, #dd9bea); --bad: light-dark(#a11622, #ff8f8f); }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 78rem; margin: 0 auto; padding: 1rem 1.25rem 3rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem; } h3 { font-size: 1rem; margin: 1rem 0 .2rem; }
.summary { font-size: 1.05rem; }
.badge { font-size: .8rem; font-weight: 600; padding: .15rem .6rem; border: 1.5px solid currentColor; border-radius: 1rem; vertical-align: middle; color: var(--quiet); }
.badge.in-sync { color: var(--good); } .badge.skipped, .badge.drifted { color: var(--warn); } .badge.held { color: var(--held); } .badge.failing { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: 0; } dt, .note, small, footer { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.error, tr.failed td:first-child { color: var(--bad); font-weight: 600; } tr.held td:first-child, tr.stranded td:first-child { color: var(--held); font-weight: 600; }
tr.delete td:first-child, tr.disable td:first-child { color: var(--bad); } tr.chosen, tr.skipped { color: var(--quiet); }
.warnings { padding-left: 1.1rem; } .warnings .warning { color: var(--warn); font-weight: 600; } .warnings .info { color: var(--quiet); }
.coverage span { display: inline-block; white-space: nowrap; margin-right: 1.2rem; } meter { width: 5rem; vertical-align: middle; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; } th { text-align: left; font-weight: 600; }
th, td { border-bottom: 1px solid var(--line); padding: .45rem .8rem .45rem 0; vertical-align: top; overflow-wrap: anywhere; }
.consumer th { border-bottom: 0; padding-bottom: 0; } .consumer small { font-weight: 400; } .consumer td:first-child { padding-left: 1.4rem; }
td p { margin: .2rem 0; } td ul { margin: 0; padding-left: 1.1rem; } code { font-size: .9em; } footer { margin-top: 3rem; font-size: .9rem; }
@media (max-width: 48rem) { thead { display: none; } tr, td, tbody th { display: block; border: 0; padding: .1rem 0; } tr { border-bottom: 1px solid var(--line); padding: .6rem 0; } .consumer td { padding-left: 1.4rem; } }
`);
