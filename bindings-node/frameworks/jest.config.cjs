module.exports = { testMatch: ['<rootDir>/{runner,require}.test.[mc]js'], moduleNameMapper: { '^cloudflare:(.*)$': 'wspair/cloudflare/$1' }, transform: {} };
