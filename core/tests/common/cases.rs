//! How often a property is tried, and where a case is kept that it does not hold for.
#![allow(unreachable_pub)]

use proptest::prelude::ProptestConfig;
use proptest::test_runner::{FailurePersistence, FileFailurePersistence};

/// A property is tried with so many cases, or `PROPTEST_CASES`. One that fails is kept in a file beside
/// the test, `*.regressions`, which belongs into the repository: it is tried first from then on.
pub fn cases(cases: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    let keep = || -> Box<dyn FailurePersistence> {
        Box::new(FileFailurePersistence::WithSource("regressions"))
    };
    ProptestConfig {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() { usual.cases } else { cases },
        failure_persistence: usual.failure_persistence.is_some().then(keep),
        ..usual
    }
}
