// One class identity: what `import` gives is what `require` gives.
export * from './index.js';
