// Preloaded into a server that would listen on every address: it listens on a free port of loopback, and FD_PORT_FILE gets the number.
"use strict";
const fs = require("node:fs");
const net = require("node:net");

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...given) {
  const told = () => {
    const file = process.env.FD_PORT_FILE;
    fs.writeFileSync(`${file}.new`, String(this.address().port));
    fs.renameSync(`${file}.new`, file);
  };
  this.once("listening", told);
  const callback = given.find((one) => typeof one === "function");
  return listen.call(this, { port: 0, host: "127.0.0.1" }, callback);
};
