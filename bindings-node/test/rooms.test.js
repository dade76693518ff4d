'use strict';
const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const lib = path.join(__dirname, '..', 'lib');

/** From the ground up: a room may use those before it, and itself. What lies in none is where a program comes in. */
const rooms = ['basics', 'engine', 'web', 'cloudflare', 'durable', 'network', '.', 'configuration', 'command'];

/** Entrances that may look into rooms above their own. */
const entrances = new Set(['cli.ts']);

const files = readdirSync(lib, { recursive: true }).filter((file) => /\.m?ts$/.test(file));

/** The modules of this package that a file imports; with `kind` "value", those that are there when it runs. */
function importsOf(file, kind) {
  const text = readFileSync(path.join(lib, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s(?:(type\s)?[^;']*?from\s)?'(\.[^']*)';/gm);
  return [...statements]
    .filter(([, type]) => kind !== 'value' || type === undefined)
    .map(([, , specifier]) => {
      const stem = path.join(path.dirname(file), specifier.replace(/\.js$/, ''));
      const found = [`${stem}.ts`, `${stem}.mts`, path.join(stem, 'index.ts')].find((name) => files.includes(name));
      assert.ok(found, `${file} imports ${specifier}, which is not there`);
      return found;
    });
}

const roomOf = (file) => (file.includes(path.sep) ? file.split(path.sep)[0] : '.');

test('every file lies in a room that is known', () => {
  for (const file of files) assert.ok(rooms.includes(roomOf(file)), file);
});

test('a room uses none above it', () => {
  for (const file of files) {
    if (entrances.has(file)) continue;
    for (const used of importsOf(file)) {
      assert.ok(rooms.indexOf(roomOf(used)) <= rooms.indexOf(roomOf(file)), `${file} uses ${used}`);
    }
  }
});

test('no file needs, to be loaded, one that needs it', () => {
  const done = new Set();
  const visit = (file, way) => {
    assert.ok(!way.includes(file), [...way, file].join(' -> '));
    if (done.has(file)) return;
    for (const used of importsOf(file, 'value')) visit(used, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});
