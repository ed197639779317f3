//! Many networks on one machine. A hub lets only so many strangers of one network in at a time, so a stampede that came from one
//! address alone would show that limit and nothing else. As root the program runs itself again in a network namespace of its
//! own, whose loopback has an address in each of many networks: whoever dials one of them comes from it.

use std::io::Write as _;
use std::process::{Command, ExitCode, Stdio};

use freehold_tests::bench::Failure;

/// Tells the program that it runs in a namespace of its own.
const VARIABLE: &str = "FREEHOLD_LOAD_NETWORKS";

/// Networks of a /24 each: with 64 of each at a time, ten thousand nodes fit.
const NETWORKS: usize = 200;

/// Where everybody comes from without a namespace.
const LOOPBACK: &str = "127.0.0.1";

/// Runs the program again in a namespace of its own, if that is possible; gives how it ended.
///
/// # Errors
/// When it cannot be run again although it could.
pub fn run_again() -> Result<Option<ExitCode>, Failure> {
    let try_it = || Command::new("unshare").args(["--net", "ip", "link", "set", "lo", "up"]).output();
    let possible = std::env::var_os(VARIABLE).is_none() && try_it().is_ok_and(|tried| tried.status.success());
    if !possible {
        return Ok(None);
    }
    let mut again = Command::new("unshare");
    again.arg("--net").arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(VARIABLE, "1");
    let passed = again.status()?.success();
    Ok(Some(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

/// An address of this machine in each network that there is.
///
/// # Errors
/// When the namespace does not take them.
pub fn addresses() -> Result<Vec<String>, Failure> {
    if std::env::var_os(VARIABLE).is_none() {
        return Ok(vec![LOOPBACK.to_owned()]);
    }
    let addresses: Vec<String> = (0..NETWORKS).map(|network| format!("10.77.{network}.1")).collect();
    let mut ip = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn()?;
    let mut input = ip.stdin.take().ok_or("ip takes no commands")?;
    writeln!(input, "link set lo up")?;
    for address in &addresses {
        writeln!(input, "addr add {address}/32 dev lo")?;
    }
    drop(input);
    if !ip.wait()?.success() {
        return Err("the namespace does not take the addresses".into());
    }
    Ok(addresses)
}
