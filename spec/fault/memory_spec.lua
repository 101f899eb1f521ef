-- A transaction that runs out of memory, at any step: it is rolled back immediately, the error is unchanged, and the connection is free.
local support = require "support"

local schema = "model Note {\n id Int @id @default(autoincrement())\n text String\n}"

support.each_engine(function(engine)
  describe("running out of memory", function()
    for _, how in ipairs { "blocking", "cooperative" } do
      for _, long in ipairs { "once", "lasting" } do
        it(("ends a %s transaction, when it comes %s"):format(how, long), function()
          local url = support.database(engine)
          require("rille").push { schema_text = schema, url = url }
          local pipe = assert(io.popen(("env -u LD_PRELOAD '%s' 1 120 '%s' '%s' %s %s 2>&1"):format(assert(os.getenv "RILLE_HOST"),
            package.searchpath("fault.shortage", package.path), url, how, long)))
          local out = pipe:read "a"
          assert.is_true(pipe:close(), out)
          assert.is_truthy(out:find "failures", out)
        end)
      end
    end
  end)
end)
