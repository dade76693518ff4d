// What the conformance runner imports: the package, as a program gets it.
export * from 'wspair';
