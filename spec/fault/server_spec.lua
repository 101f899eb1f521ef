-- Failures of a server and its network while the load runs: committed work exists, uncommitted work does not, every caller gets an answer in time,
-- and everything works again afterwards without a restart.
local support = require "support"
local load = require "fault.load"

if not support.server then return end

local cqueues = require "cqueues"
local Proxy = require "coop.proxy"

local function shell(text, ...)
  local command = text:format(...)
  assert(os.execute(command), command)
end

local PARAMETERS = "?connect_timeout=2&socket_timeout=2&sslmode=disable&gssencmode=disable"

-- Seconds that the load runs. The faults take less.
local SECONDS = math.max(load.SECONDS, 3)

describe("PostgreSQL", function()
  local folder, server, original

  -- A separate server, because it is killed. What it acknowledges must be on disk.
  lazy_setup(function()
    local pipe = assert(io.popen 'mktemp -u "${RILLE_PG_BASE:-${TMPDIR:-/tmp}}/rille-pg.XXXXXX"')
    folder = pipe:read "l"
    pipe:close()
    pipe = assert(io.popen(("RILLE_PG_OWNER=$PPID PG_SETTINGS=synchronous_commit=on spec/support/pg.sh start '%s'"):format(folder)))
    server = assert(pipe:read "l", "no server")
    pipe:close()
    original = support.use_server(server)
  end)
  lazy_teardown(function()
    support.use_server(original)
    shell("spec/support/pg.sh stop '%s'", folder)
  end)
  after_each(support.cleanup)

  -- Runs the load and, in a loop, fn(run, sleep, proxy) at the same time. o.proxied: the load goes through a proxy.
  local function under_load(o, fn)
    local url = support.database "postgresql"
    load.open(url)
    local queue = cqueues.new()
    local run, status, out
    queue:wrap(function()
      local proxy = o.proxied and Proxy.open(url)
      local base = proxy and proxy.url:match "^[^?]+" or url
      run = load.start { engine = "postgresql", url = base .. PARAMETERS, mode = o.mode or "faults", seconds = o.seconds or SECONDS }
      run:wait_until_busy(cqueues.sleep)
      fn(run, cqueues.sleep, proxy, url)
      status, out = run:wait(cqueues.sleep)
      if proxy then proxy:close() end
    end)
    assert(queue:loop())
    if not o.killed then assert.equal(0, status, out) end
    return run, url, out
  end

  local function expect_known(run, url, in_flight)
    local figures = run:audit(url, in_flight)
    assert.is_true(figures.acked > 0)
    return figures
  end

  it("is killed with SIGKILL and started again", function()
    local run, url, out = under_load({}, function(_, sleep)
      for _ = 1, 2 do
        shell("spec/support/pg.sh crash '%s'", folder)
        sleep(0.3)
        shell("spec/support/pg.sh again '%s'", folder)
        sleep(0.7)
      end
    end)
    assert.is_truthy(out:find "P1017=", out)
    expect_known(run, url)
  end)

  it("ends backends again and again", function()
    local run, url, out = under_load({}, function(_, sleep, _, url)
      for _ = 1, 25 do
        support.psql(([[SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s' AND application_name = 'rille'
          ORDER BY random() LIMIT 2]]):format(support.database_name(url)))
        sleep(0.04)
      end
    end)
    assert.is_truthy(out:find "P1017=", out)
    expect_known(run, url)
  end)

  it("is cut off, now and in the middle of results", function()
    local run, url, out = under_load({ proxied = true }, function(_, sleep, proxy)
      for i = 1, 20 do
        if i % 4 == 0 then proxy:cut() else proxy:cut_after(i * 37) end
        sleep(0.08)
      end
      proxy.refuses = true
      proxy:cut()
      sleep(0.3)
      proxy.refuses = false
    end)
    assert.is_truthy(out:find "P1017=", out)
    expect_known(run, url)
  end)

  it("is slow, and then silent on connections that stay open", function()
    local run, url, out = under_load({ proxied = true, seconds = SECONDS + 1 }, function(_, sleep, proxy)
      proxy.delay = 0.03
      sleep(0.5)
      proxy.delay = nil
      proxy.silent = true
      sleep(3)
      proxy:cut()
      proxy.silent = false
    end)
    assert.is_truthy(out:find "P1008=" or out:find "P2028=", out)
    expect_known(run, url)
  end)

  it("has no connection left for most of the callers", function()
    local run, url, out = under_load({ mode = "hogs", seconds = 5 }, function() end)
    assert.is_truthy(out:find "P2024=", out)
    local figures = expect_known(run, url)
    assert.equal(0, figures.unknown)
  end)

  it("loses its client to SIGKILL", function()
    local busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' AND application_name = 'rille'"
    local run, url = under_load({ killed = true }, function(run, sleep)
      sleep(1)
      run:kill()
    end)
    for _ = 1, 250 do
      if support.psql(busy:format(support.database_name(url))):find "^0" then break end
      load.sleep(0.02)
    end
    assert.equal("0\n", support.psql(busy:format(support.database_name(url))))
    expect_known(run, url, 220)
  end)
end)
