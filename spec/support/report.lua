-- Output handler of busted for spec/run. Prints failures with their traces, and at the very end writes "passed failed skipped" to the
-- file named by -Xoutput. A run that dies before writes no file and counts as failed.
local busted = require "busted"
local new_handler = require "busted.outputHandlers.base"

local function describe(problem)
  local lines = { "NOT OK  " .. problem.name }
  local trace = problem.trace
  if trace and trace.short_src then lines[#lines + 1] = ("  %s:%s"):format(trace.short_src, trace.currentline or "?") end
  local message = problem.message
  if type(message) == "table" then message = tostring(message.message or message) end
  lines[#lines + 1] = "  " .. tostring(message):gsub("\n", "\n  ")
  if trace and trace.traceback then lines[#lines + 1] = "  " .. trace.traceback:gsub("\n", "\n  ") end
  return table.concat(lines, "\n")
end

return function(options)
  local handler = new_handler()
  local summary_path = options.arguments[1]

  function handler.suiteEnd()
    for _, problem in ipairs(handler.failures) do print(describe(problem)) end
    for _, problem in ipairs(handler.errors) do print(describe(problem)) end
    if summary_path then
      local file = assert(io.open(summary_path, "w"))
      file:write(("%d %d %d\n"):format(handler.successesCount, handler.failuresCount + handler.errorsCount, handler.pendingsCount))
      file:close()
    end
    return nil, true
  end

  busted.subscribe({ "suite", "end" }, handler.suiteEnd)
  return handler
end
