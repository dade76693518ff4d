// What a binary that is built here is named by: platform, architecture and C library.
const { platform, arch } = process;
const libc = () => (process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl');

export const target = platform === 'linux' ? `linux-${arch}-${libc()}` : `${platform}-${arch}`;
