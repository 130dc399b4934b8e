// Loaded with --require: https connections of this process go to the server of the test instead,
// and without TLS, which the server leaves to a proxy before it. The requests stay as they are.
const https = require("node:https");
const net = require("node:net");

class Loopback extends https.Agent {
  createConnection() {
    return net.connect(Number(process.env.MIEN_TEST_PORT), "127.0.0.1");
  }
}

https.globalAgent = new Loopback();
