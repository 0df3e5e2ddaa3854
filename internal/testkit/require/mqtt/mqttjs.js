// Performs MQTT requests with MQTT.js. Each line of the input is a request as JSON, each line of the output its result.
const fs = require('fs')
const mqtt = require('mqtt')

function perform(r) {
  return new Promise((resolve) => {
    const options = {
      host: r.host, port: r.port, protocol: 'mqtts', servername: r.host, clientId: r.client_id, clean: true, keepalive: 60,
      protocolVersion: r.version, reconnectPeriod: 0, connectTimeout: 60000, resubscribe: false,
      ca: fs.readFileSync(r.ca), cert: fs.readFileSync(r.certificate), key: fs.readFileSync(r.key),
    }
    if (r.will) options.will = { topic: r.will, payload: 'gone', qos: 1 }
    const client = mqtt.connect(options)
    let done = false
    const end = (refused) => {
      if (done) return
      done = true
      client.end(refused !== '', {}, () => resolve(refused))
    }
    client.on('error', (e) => end('error: ' + e.message))
    client.on('close', () => end('closed'))
    client.on('disconnect', (packet) => end('disconnected: ' + packet.reasonCode))
    client.on('connect', () => {
      if (r.action === 'connect') return end('')
      if (r.action === 'subscribe') {
        return client.subscribe(r.topic, { qos: 1 }, (e, granted) => {
          end(e ? 'error: ' + e.message : granted.some((g) => g.qos >= 0x80) ? 'refused' : '')
        })
      }
      client.publish(r.topic, 'content', { qos: 1, retain: r.action === 'retain' }, (e, packet) => {
        end(e ? 'error: ' + e.message : packet && packet.reasonCode >= 0x80 ? 'refused' : '')
      })
    })
  })
}

async function main() {
  const lines = require('readline').createInterface({ input: process.stdin })
  for await (const line of lines) console.log(JSON.stringify({ refused: await perform(JSON.parse(line)) }))
}

main()
