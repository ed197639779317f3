//! Panics of this thread's tasks, which the runtime would swallow.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Listens from now on, and forgets what was heard before.
pub(super) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            HEARD.with_borrow_mut(|heard| {
                heard.get_or_insert_with(|| info.to_string());
            });
            before(info);
        }));
    });
    HEARD.take();
}

/// The first panic since.
pub(super) fn heard() -> Option<String> {
    HEARD.take()
}
