/** Node itself, doing nothing: what any program of it costs at least. */
import { serve } from './role.ts'

serve(undefined, async () => undefined)
