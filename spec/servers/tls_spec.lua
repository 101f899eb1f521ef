-- TLS with an authority of the test's own: who is believed, who is not, and what is said about it.
local support = require "support"
local servers = require "servers.servers"
local rille = require "rille"

if not support.server then return end

local KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
local model = "model Note {\n id Int @id @default(autoincrement())\n}"

describe("TLS", function()
  local plain, folder, keys, port

  -- The certificates are for the server too, whose time is the machine's (make faketime).
  local function run(command, ...) return servers.capture(("cd '%s' && unset LD_PRELOAD FAKETIME && "):format(keys) .. command:format(...)) end

  local function authority(name)
    local command = "openssl req -x509 %s -nodes -days 36500 -keyout %s.key -out %s.pem -subj /CN=%s -addext basicConstraints=critical,CA:TRUE"
    run(command, KEY, name, name, name)
  end

  local function certificate(name, subject, extension)
    run("openssl req %s -nodes -keyout %s.key -out %s.csr -subj /CN=%s", KEY, name, name, subject)
    run("printf '%%s\\n' '%s' > %s.ext", extension, name)
    run("openssl x509 -req -in %s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 36500 -out %s.pem -extfile %s.ext", name, name, name)
  end

  local function url(parameters, host, database)
    return ("postgresql://postgres@%s:%d/%s?connect_timeout=5&%s"):format(host or "localhost", port, database or "postgres", (parameters:gsub("KEYS", keys)))
  end

  local function ask(at)
    local db = support.connect(at, model)
    return db:query_raw("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[1].ssl
  end

  setup(function()
    plain, folder = servers.cluster()
    port = tonumber(plain:match ":(%d+)/")
    keys = servers.capture "mktemp -d"
    authority "ca"
    authority "other"
    certificate("server", "localhost", "subjectAltName=DNS:localhost")
    certificate("client", "postgres", "extendedKeyUsage=clientAuth")
    run("cp server.pem server.key ca.pem '%s/data/' && chmod 600 '%s/data/server.key'", folder, folder)
    if servers.capture "id -u" == "0" then run("chown postgres '%s'/data/server.* '%s'/data/ca.pem", folder, folder) end
    run("{ echo 'hostssl certified all 127.0.0.1/32 cert'; cat '%s/data/pg_hba.conf'; } > hba && cat hba > '%s/data/pg_hba.conf'", folder, folder)
    for _, setting in ipairs { "ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'", "ssl_ca_file = 'ca.pem'", "ssl = on" } do
      servers.ask(plain, "ALTER SYSTEM SET " .. setting)
    end
    servers.ask(plain, "SELECT pg_reload_conf()")
    servers.ask(plain, "CREATE DATABASE certified")
    for _ = 1, 100 do
      if servers.ask(plain, "SHOW ssl") == "on" then break end
    end
  end)
  teardown(function()
    servers.stop()
    os.execute(("rm -rf '%s'"):format(keys))
  end)
  after_each(support.cleanup)

  it("is made, and the server's name and authority are checked", function()
    assert.is_true(ask(url "sslmode=verify-full&sslrootcert=KEYS/ca.pem"))
    assert.is_true(ask(url "sslmode=require"))
    assert.is_false(ask(url "sslmode=disable"))
  end)

  it("is refused to a server of another name, or that another authority vouches for", function()
    local wrong_name = support.fails("P1011", ask, url("sslmode=verify-full&sslrootcert=KEYS/ca.pem", "127.0.0.1"))
    assert.matches("127.0.0.1", wrong_name.message, 1, true)
    assert.matches("does not match host name", wrong_name.message, 1, true)
    local wrong_authority = support.fails("P1011", ask, url "sslmode=verify-full&sslrootcert=KEYS/other.pem")
    assert.matches("certificate verify failed", wrong_authority.message, 1, true)
    assert.is_true(ask(url("sslmode=verify-ca&sslrootcert=KEYS/ca.pem", "127.0.0.1")))
    local missing = support.fails("P1011", ask, url "sslmode=verify-full&sslrootcert=KEYS/none.pem")
    assert.matches("none.pem", missing.message, 1, true)
  end)

  it("is missed where the server has none", function()
    local e = support.fails("P1011", ask, support.server .. "?sslmode=require")
    assert.matches("does not support SSL", e.message, 1, true)
  end)

  it("takes Prisma's words", function()
    assert.is_true(ask(url "sslmode=require&sslaccept=strict&sslcert=KEYS/ca.pem"))
    support.fails("P1011", ask, url "sslmode=require&sslaccept=strict&sslcert=KEYS/other.pem")
    assert.is_true(ask(url "sslmode=require&sslaccept=accept_invalid_certs"))
    local e = support.fails("P1013", ask, url "sslmode=require&sslidentity=KEYS/client.p12&sslpassword=secret")
    assert.matches("sslcert", e.message, 1, true)
    assert.is_nil(e.message:find("secret", 1, true))
  end)

  it("knows a client by its certificate", function()
    local own = "sslmode=verify-full&sslrootcert=KEYS/ca.pem&sslcert=KEYS/client.pem&sslkey=KEYS/client.key"
    assert.is_true(ask(url(own, nil, "certified")))
    local e = support.fails("P1000", ask, url("sslmode=verify-full&sslrootcert=KEYS/ca.pem", nil, "certified"))
    assert.matches("certificate", e.message, 1, true)
  end)

  it("is made without holding up other coroutines", function()
    local cqueues = require "cqueues"
    local Proxy = require "coop.proxy"
    local queue, ticks, secure = cqueues.new(), 0, nil
    queue:wrap(function()
      local proxy = Proxy.open(plain, nil, 0.3)
      local at = url("sslmode=verify-full&sslrootcert=KEYS/ca.pem"):gsub(":%d+/", proxy.url:match ":%d+/")
      local db = support.connect(at, model, { wait = "cqueues" })
      queue:wrap(function()
        while secure == nil do
          ticks = ticks + 1
          cqueues.sleep(0.01)
        end
      end)
      secure = db:query_raw("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[1].ssl
      db:close()
      proxy:close()
    end)
    assert(queue:loop())
    assert.is_true(secure)
    assert.is_true(ticks > 3)
    assert.is_table(rille)
  end)
end)
