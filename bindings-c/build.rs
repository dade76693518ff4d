//! Gives the shared library its soname.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let of = |name| std::env::var(name).unwrap_or_default();
    let (major, minor) = (of("CARGO_PKG_VERSION_MAJOR"), of("CARGO_PKG_VERSION_MINOR"));
    // Before 1.0 a minor version may break.
    let version = if major == "0" { format!("0.{minor}") } else { major };
    match &*of("CARGO_CFG_TARGET_OS") {
        "linux" => println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libwspair.so.{version}"),
        "macos" => {
            let name = format!("@rpath/libwspair.{version}.dylib");
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,{name}");
        }
        _ => {}
    }
}
