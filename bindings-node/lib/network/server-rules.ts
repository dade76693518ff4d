/** What the options of servers may be. */

import { anything, between, boolean, milliseconds, object, type Rule, type Rules, text } from '../basics/options';
import { connectionRules } from '../engine/connection';
import { deflateRule, originsRule } from '../engine/handshake';

// What the pair under a connection decides.
const { autoClose: _1, autoEnd: _2, chunks: _3, ...limitRules } = connectionRules;

export const upgradeRules: Rules = {
  origins: originsRule,
  missingOrigin: boolean,
  limits: object('an object of limits', limitRules),
  deflate: deflateRule,
  env: anything,
};

export const serveRules: Rules = {
  port: between(0, 65_535),
  host: text,
  tls: object('an object of what tls.createServer takes'),
  http2: { what: 'true, false or "cleartext"', isType: (value) => typeof value === 'boolean' || value === 'cleartext' },
  headTimeout: milliseconds,
  vars: object('an object of bindings'),
  durableObjects: object('an object that names a class for each binding'),
  state: text,
  durability: { what: '"power" or "process"', isType: (value) => value === 'power' || value === 'process' },
  hibernateAfter: { ...milliseconds, what: 'a number of milliseconds from 0 on', fits: (value) => value >= 0 },
  ...upgradeRules,
};

const deadline: Rule = { ...milliseconds, what: 'a number of milliseconds from 0 on, or Infinity', fits: (value) => value >= 0 };

export const closeRules: Rules = { deadline };
