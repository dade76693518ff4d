// workerd: {"classes": ["Obj", "Other"]}
// Ids, namespaces and what a stub is, before anything is called. Ids themselves are never shown: each host has its own.
import { DurableObject, exports as around } from 'cloudflare:workers';
import { answers, line } from '../rows.mjs';

const hex = /^[0-9a-f]{64}$/;
const keys = (object) => [Object.keys(object), Object.getOwnPropertyNames(Object.getPrototypeOf(object)).sort(), Object.prototype.toString.call(object), object.constructor.name];

export const rows = {
  'namespace': ({ OBJ }) => keys(OBJ),
  'a namespace is the same each time': (env) => [env.OBJ === env.OBJ, typeof env.OBJ, 'OBJ' in env],
  'id': ({ OBJ }) => keys(OBJ.idFromName('a')),
  'id as text': ({ OBJ }) => [hex.test(OBJ.idFromName('a').toString()), hex.test(`${OBJ.newUniqueId()}`), String(OBJ.idFromName('a')) === OBJ.idFromName('a').toString()],
  'id as JSON': ({ OBJ }) => [JSON.stringify(OBJ.idFromName('a')), JSON.stringify(OBJ.newUniqueId()), JSON.stringify({ id: OBJ.idFromName('b') })],
  'id spread': ({ OBJ }) => ({ ...OBJ.idFromName('a') }),
  'id.name can be set': ({ OBJ }, { tried }) => {
    const id = OBJ.idFromName('a');
    return tried(() => {
      id.name = 'b';
      return id.name;
    });
  },
  'names give the same id again': ({ OBJ }) => [OBJ.idFromName('a').toString() === OBJ.idFromName('a').toString(), OBJ.idFromName('a') === OBJ.idFromName('a'), OBJ.idFromName('a').toString() === OBJ.idFromName('b').toString()],
  'another class gives another id': ({ OBJ, OTHER }) => OBJ.idFromName('a').toString() === OTHER.idFromName('a').toString(),
  'names of any kind': async ({ OBJ }, { note, tried }) => {
    for (const name of ['', 5, null, undefined, true, {}, [], 'é', '\u0000', '\ud800', 'x'.repeat(5000)]) note(await tried(() => OBJ.idFromName(name).name));
    note(await tried(() => OBJ.idFromName()));
    note(await tried(() => OBJ.idFromName(Symbol('x'))));
  },
  'a name with a bad surrogate': ({ OBJ }) => OBJ.idFromName('\ud800').toString() === OBJ.idFromName('\ufffd').toString(),
  'unique ids': ({ OBJ }) => [OBJ.newUniqueId().toString() === OBJ.newUniqueId().toString(), OBJ.newUniqueId().name, OBJ.newUniqueId({}).name],
  'idFromString gives it back': ({ OBJ }) => {
    const id = OBJ.idFromName('a');
    const again = OBJ.idFromString(id.toString());
    return [again.equals(id), id.equals(again), again.name, Object.keys(again), again === id];
  },
  'idFromString in capitals': ({ OBJ }) => OBJ.idFromString(OBJ.idFromName('a').toString().toUpperCase()).toString() === OBJ.idFromName('a').toString(),
  'idFromString of a unique id': ({ OBJ }) => {
    const id = OBJ.newUniqueId();
    return OBJ.idFromString(id.toString()).equals(id);
  },
  'idFromString of what is none': async ({ OBJ }, { note, tried }) => {
    for (const text of ['', 'abc', 'g'.repeat(64), '0'.repeat(63), '0'.repeat(65), '0'.repeat(64), 'f'.repeat(64), 5, null, undefined, {}]) note(await tried(() => OBJ.idFromString(text)));
    note(await tried(() => OBJ.idFromString()));
  },
  'idFromString of another class': async ({ OBJ, OTHER }, { tried }) => tried(() => OBJ.idFromString(OTHER.idFromName('a').toString())),
  'idFromString with one digit changed': async ({ OBJ }, { tried }) => {
    const text = OBJ.idFromName('a').toString();
    return tried(() => OBJ.idFromString((text[0] === '0' ? '1' : '0') + text.slice(1)));
  },
  'equals': ({ OBJ, OTHER }) => [OBJ.idFromName('a').equals(OBJ.idFromName('a')), OBJ.idFromName('a').equals(OBJ.idFromName('b')), OBJ.idFromName('a').equals(OTHER.idFromName('a'))],
  'equals of what is none': async ({ OBJ }, { note, tried }) => {
    const id = OBJ.idFromName('a');
    for (const other of ['x', id.toString(), null, undefined, {}, 5]) note(await tried(() => id.equals(other)));
    note(await tried(() => id.equals()));
  },
  'get of what is none': async ({ OBJ }, { note, tried }) => {
    for (const id of ['x', OBJ.idFromName('a').toString(), null, undefined, {}, 5]) note(await tried(() => OBJ.get(id)));
    note(await tried(() => OBJ.get()));
  },
  'get of another class\'s id': async ({ OBJ, OTHER }, { tried }) => tried(() => typeof OBJ.get(OTHER.idFromName('a'))),
  'getByName of anything': async ({ OBJ }, { note, tried }) => {
    for (const name of ['', 5, null, undefined]) note(await tried(() => OBJ.getByName(name).name));
    note(await tried(() => OBJ.getByName()));
  },
  'getByName is get of idFromName': ({ OBJ }) => [OBJ.getByName('a').id.equals(OBJ.idFromName('a')), OBJ.getByName('a').name, OBJ.getByName('a').id.name],
  'options of get': async ({ OBJ }, { note, tried }) => {
    for (const options of [{ locationHint: 'weur' }, {}, undefined, { other: 1 }]) note(await tried(() => OBJ.get(OBJ.idFromName('a'), options).name));
  },
  'stub': ({ OBJ }) => {
    const stub = OBJ.getByName('a');
    return [Object.keys(stub), typeof stub, Object.prototype.toString.call(stub), stub.constructor.name, stub instanceof Object];
  },
  'members of a stub': ({ OBJ }) => {
    const stub = OBJ.getByName('a');
    return ['fetch', 'nope', 'then', 'catch', 'finally', 'dup', 'constructor', 'connect', 'toString', 'name', 'id', 'toJSON'].map((name) => `${name}: ${typeof stub[name]}`);
  },
  'in a stub': ({ OBJ }) => ['nope', 'fetch', 'then', 'id'].map((name) => name in OBJ.getByName('a')),
  'symbols of a stub': ({ OBJ }) => [OBJ.getByName('a')[Symbol.iterator], OBJ.getByName('a')[Symbol.asyncIterator]],
  'a stub of a string id': ({ OBJ }) => {
    const stub = OBJ.get(OBJ.idFromString(OBJ.idFromName('a').toString()));
    return [stub.name, stub.id.name, Object.keys(stub)];
  },
  'a stub keeps what is set on it': ({ OBJ }) => {
    const stub = OBJ.getByName('a');
    stub.x = 1;
    return [stub.x, Object.keys(stub), OBJ.getByName('a').x === 1];
  },
  'a stub can be awaited': async ({ OBJ }) => {
    const stub = OBJ.getByName('a');
    return (await stub) === stub;
  },
  'stubs are made anew': ({ OBJ }) => OBJ.getByName('a') === OBJ.getByName('a'),
  'a stub as JSON': ({ OBJ }) => JSON.stringify({ ...OBJ.getByName('a') }),
  'new on the classes': async ({ OBJ }, { note, tried }) => {
    for (const object of [OBJ, OBJ.idFromName('a'), OBJ.getByName('a')]) note(await tried(() => new object.constructor()));
  },
  'methods taken from their namespace': async ({ OBJ }, { note, tried }) => {
    const { idFromName, get } = OBJ;
    note(await tried(() => typeof idFromName('a')));
    note(await tried(() => typeof get.call({}, OBJ.idFromName('a'))));
  },
  'exports': () => Object.keys(around).sort(),
  'exports are namespaces': ({ OBJ }) => [around.Obj.idFromName('a').equals(OBJ.idFromName('a')), typeof around.Other.getByName, typeof around.default.fetch, around.Obj === OBJ],
  'exports of what is none': () => [around.Nothing, typeof around.default],
};

export class Obj extends DurableObject {}
export class Other extends DurableObject {}

export default answers(rows, (name, env) => line(rows[name], env));
