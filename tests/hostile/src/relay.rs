//! Many source addresses on one machine: all of 127.0.0.0/8 is loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use freehold_transport::Address;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// Connects from the address of a number; each of 30,000 numbers has a network (/24) of its own.
///
/// # Errors
/// What the system says.
pub(crate) async fn connect_from(number: u64, to: SocketAddr) -> io::Result<TcpStream> {
    let [.., high, low] = (number % 30_000).to_be_bytes();
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 1 + high, low, 1), 0)))?;
    socket.connect(to).await
}

/// Passes connections on, each from an address of its own: a libp2p dialler does not choose one.
pub(crate) struct Relay {
    pub(crate) address: Address,
    task: JoinHandle<()>,
}

impl Relay {
    /// # Errors
    /// What the system says.
    pub(crate) async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let text = format!("/ip4/127.0.0.1/tcp/{}", listener.local_addr()?.port());
        let address = Address::parse(&text).map_err(io::Error::other)?;
        let task = tokio::spawn(async move {
            let mut number = 0;
            while let Ok((mut near, _)) = listener.accept().await {
                // Far from the numbers of those who connect directly.
                number += 1;
                tokio::spawn(async move {
                    let Ok(mut far) = connect_from(15_000 + number, target).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}
