import wspair = require('wspair');

const [client, server]: [wspair.WebSocket, wspair.WebSocket] = Object.values(new wspair.WebSocketPair());
client.accept();
server.accept();
