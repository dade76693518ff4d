//! Tells the linker that Node brings the symbols of Node-API.

fn main() {
    napi_build::setup();
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let link = |argument: &str| println!("cargo:rustc-cdylib-link-arg={argument}");
    if target("FAMILY") == "wasm" {
        // lib/engine/wasm brings them.
        link("--import-undefined");
        link("--export-table");
        // An address is a positive number then.
        link("--max-memory=2147483648");
    }
    if target("OS") == "macos" {
        // Else it bears the path where it was linked.
        link("-Wl,-install_name,@rpath/wspair.node");
    }
}
