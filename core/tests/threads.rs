//! What connections in several threads share: prepared messages, and a codec with a stock.
//!
//! `make tsan` runs this under ThreadSanitizer.

use std::sync::Arc;
use std::thread;

use wspair::deflate::Zlib;
use wspair::handshake::DeflateParams;
use wspair::{Config, Connection, Event, MaskKeys, Negotiated, Prepared};

const THREADS: u8 = 4;
const ROUNDS: usize = if cfg!(miri) { 2 } else { 100 };

fn ends(config: &Arc<Config>, seed: u8) -> (Connection, Connection) {
    let mut agreed = Negotiated::default();
    agreed.deflate = Some(DeflateParams::default());
    let masks = MaskKeys::from_seed([seed; 32]);
    let client = Connection::client(config.clone(), agreed.clone(), masks);
    (Connection::server(config.clone(), agreed), client)
}

/// What the client gets of all that the server has sent.
fn texts(server: &mut Connection, client: &mut Connection) -> Vec<String> {
    let mut bytes = Vec::new();
    server.transmit().drain_into(&mut bytes);
    let mut received = client.receive(&mut bytes);
    let mut texts = Vec::new();
    while let Some(event) = received.next() {
        let Event::Text(text) = event else { panic!("{event:?}") };
        texts.push(text.into_string());
    }
    texts
}

#[test]
fn threads_share_a_prepared_message_and_a_stock_of_compressors() {
    let mut config = Config::default();
    config.deflate.codec = Some(Arc::new(Zlib::with_stock(2)));
    config.deflate.threshold = 0;
    let config = Arc::new(config);
    let news = Prepared::text(&"the same for all ".repeat(20));
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let (config, news) = (&config, &news);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let (mut server, mut client) = ends(config, seed);
                    let own = format!("{seed} {round} ").repeat(30);
                    server.send_prepared(news).unwrap();
                    server.send_text(&own).unwrap();
                    server.send_prepared(&news.clone()).unwrap();
                    let shared = "the same for all ".repeat(20);
                    assert_eq!(texts(&mut server, &mut client), [shared.clone(), own, shared]);
                }
            });
        }
    });
}

#[test]
fn a_connection_and_a_pair_may_go_to_another_thread() {
    fn moves<T: Send + 'static>(_: &T) {}
    let (server, client) = ends(&Arc::default(), 0);
    moves(&server);
    moves(&wspair::Pair::<Vec<u8>>::new(wspair::PairConfig::default()));
    let mut server = thread::spawn(move || {
        let mut server = server;
        server.send_text("from there").unwrap();
        server
    })
    .join()
    .unwrap();
    let mut client = client;
    assert_eq!(texts(&mut server, &mut client), ["from there"]);
}
