-- Failures of an SQLite database while the load runs: the disk is full for a while, the client is killed.
local support = require "support"
local load = require "fault.load"

local function sleep(seconds) os.execute(("sleep %g"):format(seconds)) end

describe("SQLite", function()
  local disk
  after_each(function()
    if disk then os.execute(("umount -l '%s'"):format(disk)) end
    disk = nil
    support.cleanup()
  end)

  -- Mounts a small file system. Returns nil if that is not allowed.
  local function mount(size)
    local folder = support.folder()
    if not os.execute(("mount -t tmpfs -o size=%s rille '%s' 2>/dev/null"):format(size, folder)) then return nil end
    disk = folder
    return folder
  end

  it("finds the disk full, and continues when there is room again", function()
    local folder = mount "16m"
    if not folder then return pending "only root may mount a small file system" end
    local url = "file:" .. folder .. "/bank.db?socket_timeout=10"
    load.open(url)
    local run = load.start { engine = "sqlite", url = url, mode = "faults", seconds = math.max(load.SECONDS, 4) }
    run:wait_until_busy(sleep)
    for _ = 1, 2 do
      os.execute(("dd if=/dev/zero of='%s/filler' bs=4k 2>/dev/null"):format(folder))
      sleep(0.5)
      os.remove(folder .. "/filler")
      sleep(0.5)
    end
    local status, out = run:wait(sleep)
    assert.equal(0, status, out)
    assert.is_truthy(out:find "P2039=", out)
    local figures = run:audit(url)
    assert.is_true(figures.acked > 0)
  end)

  it("loses its client to SIGKILL", function()
    local url = support.database "sqlite"
    load.open(url)
    local run = load.start { engine = "sqlite", url = url, mode = "faults" }
    run:wait_until_busy(sleep)
    sleep(1)
    run:kill()
    run:wait(sleep)
    local figures = run:audit(url, 220)
    assert.is_true(figures.acked > 0)
    local db = support.connect(url, require("fault.bank").schema)
    assert.equal("ok", db:query_raw("PRAGMA integrity_check")[1].integrity_check)
  end)
end)
