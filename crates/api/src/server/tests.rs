use std::os::unix::fs::PermissionsExt;

use freehold_person::view::{InfoView, RequestView};
use tokio::sync::oneshot;

use super::Calls;
use crate::call::person::{Import, Info, Request, Requests};
use crate::{ApiError, BODY_BYTES_MAX, Client, Socket};

struct Fake;

/// A served fake engine, and what stops it.
async fn serve(home: &std::path::Path) -> (Client, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let socket = Socket::bind(home).unwrap();
    let mode = std::fs::metadata(socket.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (stop, stopped) = oneshot::channel::<()>();
    let calls = Calls::new(std::sync::Arc::new(Fake), "not here")
        .on(|_, _: Info| async { Ok(InfoView { fields: 3, ..InfoView::default() }) })
        .on(|_, c: Request| async move {
            let paths = vec!["phone.mobile".to_owned()];
            Err::<RequestView, _>(ApiError::new("missing-fields", format!("no {}", c.id)).with_paths(paths))
        })
        .on(|_, _: Import| async { Ok(Default::default()) });
    let serving = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
        };
        calls.serve(socket, stopped).await.unwrap();
    });
    (Client::connect(home).await.unwrap(), stop, serving)
}

#[tokio::test]
async fn answers_and_errors_cross_the_socket_whole() {
    let home = tempfile::tempdir().unwrap();
    let (client, stop, serving) = serve(home.path()).await;
    assert_eq!(client.call(&Info {}).await.unwrap().fields, 3);
    let error = client.call(&Request { id: "r1".into() }).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.exit, error.message.as_str()), ("missing-fields", 16, "no r1"));
    assert_eq!(error.paths, ["phone.mobile"]);
    let error = client.call(&Requests {}).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("unknown-call", "not here"));

    stop.send(()).unwrap();
    serving.await.unwrap();
    assert_eq!(client.call(&Info {}).await.unwrap_err().code, "not-running");
    let error = Client::connect(home.path()).await.unwrap_err();
    assert_eq!(error.code(), "not-running");
    assert!(error.to_string().contains("hub run"), "{error}");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (client, _stop, _serving) = serve(home.path()).await;
    let card = |bytes| Import { card: vec![b'x'; bytes], ..Import::default() };
    assert!(client.call(&card(BODY_BYTES_MAX / 2)).await.is_ok());
    assert_eq!(client.call(&card(BODY_BYTES_MAX)).await.unwrap_err().code, "bad-request");
}
