// What a binary that is built here is named by: platform, architecture and C library.
const { platform, arch } = process;
const libc = () => (process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl');

export const target = { linux: () => `linux-${arch}-${libc()}`, win32: () => `win32-${arch}-msvc` }[platform]?.() ?? `${platform}-${arch}`;
