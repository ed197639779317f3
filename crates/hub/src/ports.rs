//! Where another key listens: the addresses of the one before, a port further on.

use freehold_transport::Address;

/// An address's transport and port: `udp` or `tcp`, and the number behind it.
fn port(address: &str) -> Option<(&str, u16)> {
    let mut parts = address.split('/');
    let transport = parts.find(|part| matches!(*part, "udp" | "tcp"))?;
    Some((transport, parts.next()?.parse().ok()?))
}

/// The address with another port.
fn with_port(address: &str, port: u16) -> String {
    let mut behind = false;
    let parts = address.split('/').map(|part| {
        let is_port = std::mem::replace(&mut behind, matches!(part, "udp" | "tcp"));
        if is_port { port.to_string() } else { part.to_owned() }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The same addresses, each with the port after its own; a port that the system chose is chosen again. `None` where one
/// has no port after it.
pub(crate) fn following(addresses: &[String]) -> Option<Vec<String>> {
    let following = |address: &String| match port(address)? {
        (_, 0) => Some(address.clone()),
        (_, number) => Some(with_port(address, number.checked_add(1)?)),
    };
    addresses.iter().map(following).collect()
}

/// What was asked for, with the ports that the system chose in place of 0: a restart listens where persons look.
pub(crate) fn settled(asked: &[String], real: &[Address]) -> Vec<String> {
    let settled = |address: &String| {
        let Some((transport, 0)) = port(address) else { return address.clone() };
        let host = |text: &str| text.split('/').nth(2).map(str::to_owned);
        let fits = |real: &&Address| {
            let any = matches!(host(address).as_deref(), Some("0.0.0.0" | "::"));
            port(real.as_str()).is_some_and(|(other, _)| other == transport)
                && (any || host(real.as_str()) == host(address))
        };
        let chosen = real.iter().find(fits).and_then(|real| port(real.as_str()));
        chosen.map_or_else(|| address.clone(), |(_, number)| with_port(address, number))
    };
    asked.iter().map(settled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_next_key_listens_a_port_further_on() {
        let before = texts(&["/ip4/0.0.0.0/udp/4101/quic-v1", "/ip6/::/tcp/4101", "/ip4/127.0.0.1/tcp/0"]);
        let after = texts(&["/ip4/0.0.0.0/udp/4102/quic-v1", "/ip6/::/tcp/4102", "/ip4/127.0.0.1/tcp/0"]);
        assert_eq!(following(&before), Some(after));
        assert_eq!(following(&texts(&["/ip4/0.0.0.0/tcp/65535"])), None);
    }

    #[test]
    fn a_port_that_the_system_chose_is_kept() {
        let asked = texts(&["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0", "/ip4/127.0.0.1/tcp/9"]);
        let real = ["/ip4/127.0.0.1/udp/501/quic-v1", "/ip4/192.0.2.1/tcp/502", "/ip4/127.0.0.1/tcp/502"];
        let real = real.map(|address| Address::parse(address).unwrap());
        let kept = texts(&["/ip4/127.0.0.1/udp/501/quic-v1", "/ip4/0.0.0.0/tcp/502", "/ip4/127.0.0.1/tcp/9"]);
        assert_eq!(settled(&asked, &real), kept);
    }
}
