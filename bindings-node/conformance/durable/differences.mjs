// Rows that say something else than in workerd: what they say here, the whole of it or some of its
// parts by their places, and why. `where`: only with these stores.

const better = ({ sqlite }) => sqlite === 'better-sqlite3';
const node = ({ sqlite }) => sqlite === 'node:sqlite';
const node22 = ({ sqlite, major }) => sqlite === 'node:sqlite' && major < 24;
/** Node takes SQLite's limits from 24 on. */
const unlimited = (here) => better(here) || node22(here);
const noLimit = 'the library has no way to set this limit of SQLite';

const classCalled = "classes of the language's own say in its words that they want `new`";

export const differences = [
  {
    program: 'cloning',
    row: 'a proxy of an array',
    said:
      "call: threw DOMException/DataCloneError: Proxy could not be serialized because it is not a valid RPC receiver type. The Proxy must emulate either a plain object or an RpcTarget, as indicated by the Proxy's prototype chain. | answer: threw DOMException/DataCloneError: Proxy could not be serialized because it is not a valid RPC receiver type. The Proxy must emulate either a plain object or an RpcTarget, as indicated by the Proxy's prototype chain. [[\"remote\",true]] | stored: threw DataCloneError: [object Array] could not be cloned.",
    why: "V8's words",
  },
  {
    program: 'cloning',
    row: 'a Blob',
    said: 'call: [object Blob] Blob {} [] | answer: [object Blob] Blob {} [] | stored: threw DataCloneError: Could not serialize object of type "Blob". This type does not support serialization.',
    why: 'the bytes of a Blob of Node cannot be had at once',
  },
  {
    program: 'cloning',
    row: 'an iterator of a map',
    where: ({ major }) => major < 22,
    said: 'call: threw DOMException/DataCloneError: #<Object> could not be cloned. | answer: threw DOMException/DataCloneError: #<Object> could not be cloned. [["remote",true]] | stored: threw DataCloneError: #<Object> could not be cloned.',
    why: "V8's words before Node 22",
  },
  {
    program: 'statements',
    row: 'raw with one and columns',
    where: ({ major }) => major < 22,
    said: 'undefined undefined [[1, 2]] ["constructor", "next", "toArray"]',
    why: 'from Node 22 on every iterator has toArray',
  },
  {
    program: 'statements',
    row: 'texts',
    where: node22,
    said: '[{a: "", b: "it\'s", c: "é", d: 1, e: "ß", f: "", g: null, h: 65}]',
    why: 'Node 22 ends a text that it reads at a NUL',
  },
  { program: 'statements', row: 'bind views', where: node22, said: { 4: '{v: null, n: null}' }, why: 'Node 22 binds a blob of no bytes as NULL' },
  {
    program: 'surroundings',
    row: 'errors of every class',
    where: ({ major }) => major < 24,
    said: { 9: 'threw Error/SuppressedError: suppressed [["durableObjectId","id"],["name","SuppressedError"],["remote",true]]' },
    why: 'there is no SuppressedError before Node 24',
  },
  {
    program: 'hibernation',
    row: 'the event timeout without a socket, after sleep',
    said: '[null, 2]',
    why: 'nothing is kept of an object that sleeps without a WebSocket: there may be any number of them',
  },
  { program: 'hibernation', row: 'the automatic answer without a socket, after sleep', said: '[null, 2]', why: 'the same' },
  {
    program: 'keys',
    row: 'a transaction whose closure waits',
    said: '["one begins", "beside undefined", "one ends", "two begins", 1]',
    why: 'a closure begins as soon as it can',
  },
  {
    program: 'streams',
    row: 'an answer that is read twice',
    said: 'threw TypeError/TypeError: Body is unusable: Body has already been read',
    why: "it is Node's own Response",
  },
  {
    program: 'targets',
    row: 'what every object has, of a target',
    said: { 3: "constructor threw TypeError/TypeError: Class constructor RpcStub cannot be invoked without 'new'" },
    why: classCalled,
  },
  {
    program: 'targets',
    row: 'new RpcStub of what is none',
    said: {
      11: "threw TypeError/TypeError: Failed to construct 'JsRpcStub': constructor parameter 1 is not of type 'Object'. threw TypeError/TypeError: Class constructor RpcStub cannot be invoked without 'new'",
    },
    why: classCalled,
  },
  {
    program: 'targets',
    row: 'errors of methods that are not there, by name',
    said: {
      5: 'toJSON {name: "errors of methods that are not there, by name", id: {jurisdiction: undefined, name: "errors of methods that are not there, by name"}}',
      11: 'connect threw TypeError/TypeError: The RPC receiver does not implement the method "connect". [["remote",true]]',
    },
    why: 'a stub can be written down; there is no connect()',
  },
  {
    program: 'surroundings',
    row: 'exports',
    said: '[["Child", "Named", "Obj", "default", "handler", "rows"], false, ["Child", "Named", "Obj", "default", "handler", "rows"]]',
    why: 'classes that extend nothing are for facets, which there are none of',
  },
  {
    program: 'surroundings',
    row: 'exports, what they are',
    said: '["Child object [object DurableObjectNamespace] DurableObjectNamespace", "Named function [object LoopbackServiceStub] Object", "Obj object [object DurableObjectNamespace] DurableObjectNamespace", "default function [object LoopbackServiceStub] Object", "handler function [object LoopbackServiceStub] Object", "rows function [object LoopbackServiceStub] Object"]',
    why: 'a namespace is of one class here',
  },
  {
    program: 'surroundings',
    row: 'an entrypoint called oddly',
    said: { 8: 'threw TypeError/TypeError: ctx.exports.Named is not a constructor' },
    why: "the language's words",
  },
  {
    program: 'surroundings',
    row: 'fields and getters of an entrypoint',
    said:
      'threw TypeError/TypeError: The RPC receiver does not implement the method "own". [["remote",true]] 1 threw TypeError/TypeError: The RPC receiver does not implement the method "env". [["remote",true]] threw TypeError/TypeError: The RPC receiver does not implement the method "none". [["remote",true]] {}',
    why: 'its constructor is that of any object',
  },
  {
    program: 'surroundings',
    row: 'ctx of an entrypoint',
    said: '["exports", "passThroughOnException", "props", "waitUntil"]',
    why: 'the others are of products that are not here',
  },
  {
    program: 'surroundings',
    row: 'an object of handlers',
    said: 'function handler threw TypeError/TypeError: The RPC receiver does not implement the method "other". [["remote",true]]',
    why: 'only the handlers of the runtime are called on an object that is no class',
  },
  {
    program: 'surroundings',
    row: 'new on classes',
    said: {
      5: "threw TypeError/TypeError: Class constructor DurableObject cannot be invoked without 'new'",
      6: "threw TypeError/TypeError: Class constructor RpcTarget cannot be invoked without 'new'",
      10: 'object',
    },
    why: `${classCalled}; a workflow can be made and not be run`,
  },
  {
    program: 'surroundings',
    row: 'names of classes',
    said: '["DurableObject 2 constructor", "WorkerEntrypoint 2 constructor", "RpcTarget 0 constructor", "RpcStub 1 constructor", "RpcPromise 0 constructor", "RpcProperty 0 constructor", "ServiceStub 0 constructor", "WorkflowEntrypoint 2 constructor"]',
    why: 'their members are seen on stubs only',
  },
  {
    program: 'surroundings',
    row: 'ctx of the handler',
    said: '[["exports", "passThroughOnException", "props", "waitUntil"], ["props", "exports"], "[object ExecutionContext]", "ExecutionContext"]',
    why: 'the others are of products that are not here',
  },
  {
    program: 'kv',
    row: 'put of a Response',
    said: 'threw DOMException/DataCloneError: Could not serialize object of type "Response". This type does not support serialization.',
    why: 'refused as a whole, not because of the stream in it',
  },
  {
    program: 'kv',
    row: 'put of Headers',
    said: 'threw DOMException/DataCloneError: Could not serialize object of type "Headers". This type does not support serialization.',
    why: 'values of the platform are not stored',
  },
  { program: 'kv', row: 'a key with a lone surrogate', said: '[1, 1, [65533]]', why: 'it is U+FFFD from the beginning' },
  {
    program: 'kv',
    row: 'deleteAll in a synchronous transaction',
    said: 'rejected Error: Cannot call deleteAll() within a transaction; 1',
    why: 'workerd fails with an internal error, and resets the object',
  },
  { program: 'sql', row: 'rows written with an index', said: '[2, 1, 1, 1]', why: 'the libraries do not count entries of indexes: of UPDATE they are not known' },
  { program: 'sql', row: 'rows read by a condition', said: '1', why: 'the libraries do not count rows that were looked at and not given' },
  { program: 'sql', row: 'returning that is not read', said: '{n: 5}', why: 'workerd cannot commit while it is not at its end, and resets the object' },
  { program: 'sql', row: 'bind strings', where: (here) => node(here) && !node22(here), said: '{a: "a\\u0000b", b: 1, c: "😀", d: "�"}', why: 'a lone surrogate is one U+FFFD' },
  { program: 'sql', row: 'bind strings', where: node22, said: '{a: "a", b: 1, c: "😀", d: "�"}', why: 'the same, and Node 22 ends a text that it reads at a NUL' },
  {
    program: 'sql',
    row: 'bind buffers',
    where: node22,
    said: '{a: ArrayBuffer(9), b: ArrayBuffer(2,3), c: "null", d: ArrayBuffer(1,0)}',
    why: 'Node 22 binds a blob of no bytes as NULL',
  },
  {
    program: 'sql',
    row: 'names that are missing',
    where: better,
    said: { 15: 'threw Error/Error: no such column: "nope" - should this be a string literal in single-quotes?: SQLITE_ERROR' },
    why: 'better-sqlite3 is built without texts in double quotes',
  },
  { program: 'sql', row: 'analyze, reindex', where: better, said: { 3: '[{name: "sqlite_stat1"}, {name: "sqlite_stat4"}, {name: "t"}]' }, why: 'better-sqlite3 is built with more statistics' },
  { program: 'sql', row: 'limits: columns', where: unlimited, said: { 3: '101 []' }, why: noLimit },
  { program: 'sql', row: 'limits: arguments of a function', where: unlimited, said: { 3: '128 [{n: 1}]', 4: '129 [{n: 1}]' }, why: noLimit },
  { program: 'sql', row: 'limits: patterns', where: unlimited, said: { 1: '[{v: 0}]', 2: '[{v: 0}]' }, why: noLimit },
  { program: 'sql', row: 'limits: depth and terms', where: unlimited, said: { 1: '6 6', 2: '100 100', 6: '110 [{a: 110}]' }, why: noLimit },
  { program: 'sql', row: 'limits: blobs', where: unlimited, said: { 2: '[]' }, why: noLimit },
  {
    program: 'sql',
    row: 'names that begin with _cf_',
    said: { 14: 'threw Error/Error: not authorized: SQLITE_AUTH', 15: 'threw Error/Error: no such table: v: SQLITE_ERROR' },
    why: 'a view of the hidden table is refused when it is made, not when it is read',
  },
  { program: 'sql', row: 'temporary tables', said: { 4: 'threw Error/Error: not authorized: SQLITE_AUTH' }, why: 'that it is temporary is seen before that its table is missing' },
  {
    program: 'calls',
    row: 'thrown with what cannot come over',
    said: '["Error", "with foo", ["durableObjectId", "remote"]]',
    why: 'what an error has that cannot come over is left out',
  },
  { program: 'calls', row: 'order of calls', said: '[1, 2, "3", 4]', why: 'calls begin in the order in which they were made, of whichever kind' },
];
