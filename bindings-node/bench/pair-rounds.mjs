// Round trips over a pair: the same code for every implementation.
export function rounds(WebSocketPair, count, inFlight) {
  const pair = new WebSocketPair();
  const [near, far] = [pair[0], pair[1]];
  let sent = 0;
  let got = 0;
  return new Promise((resolve) => {
    far.addEventListener('message', (event) => far.send(event.data));
    near.addEventListener('message', () => {
      if (++got === count) {
        near.close(1000);
        resolve();
      } else if (sent < count) {
        sent++;
        near.send('0123456789abcdef');
      }
    });
    near.accept();
    far.accept();
    for (; sent < inFlight; sent++) near.send('0123456789abcdef');
  });
}
